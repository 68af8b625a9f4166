// Command sourcearchive writes the artifact that source-controller would make of a checked-out
// revision: DIR as a tar.gz at OUT, without what the .sourceignore files and --ignore (the text of
// spec.ignore, which has the last word) leave out. Where there are no such rules, Flux's default
// ones count; where there is a single one, of the defaults only those for Git's own files do.
//
// Loading and matching are Flux's own package. The rest does as source-controller does: only
// regular files and folders (no symlinks), no times, no owners; and a file is judged by itself, so
// one below a folder that is left out can be taken in again, unlike in Git.
package main

import (
	"archive/tar"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

func main() {
	ignore := flag.String("ignore", "", "the text of the GitRepository's spec.ignore")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: sourcearchive [--ignore TEXT] DIR OUT")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *ignore); err != nil {
		fmt.Fprintln(os.Stderr, "sourcearchive:", err)
		os.Exit(1)
	}
}

func run(dir, out, ignore string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	domain := strings.Split(dir, string(filepath.Separator))
	patterns, err := sourceignore.LoadIgnorePatterns(dir, domain)
	if err != nil {
		return err
	}
	patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(ignore), domain)...)

	matcher := sourceignore.NewDefaultMatcher(nil, domain)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(domain), patterns...))
	}

	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	if err := add(archive, dir, matcher); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return err
	}
	return file.Close()
}

func add(archive *tar.Writer, dir string, ignored gitignore.Matcher) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() && !entry.IsDir() {
			return nil
		}
		if ignored.Match(strings.Split(path, string(filepath.Separator)), entry.IsDir()) {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o750})
		}
		return addFile(archive, path, filepath.ToSlash(name))
	})
}

func addFile(archive *tar.Writer, path, name string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600}
	if info.Mode()&0o111 != 0 {
		header.Mode = 0o700
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
