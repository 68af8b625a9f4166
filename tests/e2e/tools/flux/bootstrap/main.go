// Command bootstrap runs `flux bootstrap git --token-auth --allow-insecure-http` by Flux's own
// packages, with the flags that the tests need. It differs from the flux CLI in where the
// components' manifests come from only: from a folder (--manifests) in place of those embedded in
// the CLI when it is released. With --export it prints those manifests, as `flux install --export`
// does, and touches nothing.
//
// The password of the Git repository is read from the environment variable GIT_PASSWORD.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/fluxcd/flux2/v2/pkg/bootstrap"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/install"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/sourcesecret"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/sync"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/git"
	"github.com/fluxcd/pkg/git/gogit"
	runclient "github.com/fluxcd/pkg/runtime/client"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type options struct {
	kubeconfig, namespace, manifests    string
	url, branch, path, username         string
	components, version                 string
	registry, registryCreds, pullSecret string
	interval, timeout, poll             time.Duration
	export                              bool
}

func parse() options {
	var o options
	install := install.MakeDefaultOptions()
	// A set of its own: a library defines --kubeconfig in the common one.
	flag := flag.NewFlagSet("bootstrap", flag.ExitOnError)
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "path of the kubeconfig file")
	flag.StringVar(&o.namespace, "namespace", install.Namespace, "Flux's own namespace")
	flag.StringVar(&o.manifests, "manifests", "", "folder of the components' manifests")
	flag.StringVar(&o.url, "url", "", "URL of the Git repository (http)")
	flag.StringVar(&o.branch, "branch", "main", "Git branch")
	flag.StringVar(&o.path, "path", "", "path relative to the repository's root")
	flag.StringVar(&o.username, "username", "git", "basic authentication username")
	flag.StringVar(&o.components, "components", "source-controller,kustomize-controller", "components")
	flag.StringVar(&o.version, "version", "", "version that the manifests state")
	flag.StringVar(&o.registry, "registry", install.Registry, "registry of the controllers' images")
	flag.StringVar(&o.registryCreds, "registry-creds", "", "registry credentials, user:password")
	flag.StringVar(&o.pullSecret, "image-pull-secret", "", "name of the image pull Secret")
	flag.DurationVar(&o.interval, "interval", time.Minute, "sync interval")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long to wait for each step")
	flag.DurationVar(&o.poll, "poll", 200*time.Millisecond, "how often to look while waiting")
	flag.BoolVar(&o.export, "export", false, "print the components' manifests and do nothing else")
	_ = flag.Parse(os.Args[1:]) // exits on an error
	return o
}

func main() {
	o := parse()
	do := run
	if o.export {
		do = export
	}
	if err := do(o); err != nil {
		fmt.Fprintln(os.Stderr, "✗", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()

	if o.registryCreds != "" && o.pullSecret == "" {
		return errors.New("--registry-creds requires --image-pull-secret to be set")
	}
	if o.registryCreds != "" && len(strings.Split(o.registryCreds, ":")) != 2 {
		return errors.New("invalid --registry-creds format, expected 'user:password'")
	}
	repository, err := url.Parse(o.url)
	if err != nil {
		return err
	}
	repository.User = nil
	password := os.Getenv("GIT_PASSWORD")

	getter := genericclioptions.NewConfigFlags(false)
	getter.KubeConfig, getter.Namespace = &o.kubeconfig, &o.namespace
	clientOptions := &runclient.Options{QPS: 100, Burst: 300}
	kube, err := kubeClient(getter, clientOptions)
	if err != nil {
		return err
	}

	checkout, err := manifestgen.MkdirTempAbs("", "flux-bootstrap-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(checkout)
	gitClient, err := gogit.NewClient(checkout,
		&git.AuthOptions{Transport: git.HTTP, Username: o.username, Password: password},
		gogit.WithDiskStorage(), gogit.WithFallbackToDefaultKnownHosts(), gogit.WithInsecureCredentialsOverHTTP())
	if err != nil {
		return err
	}

	manifests, err := o.manifestsCopy()
	if err != nil {
		return err
	}
	defer os.RemoveAll(manifests)

	provider, err := bootstrap.NewPlainGitProvider(gitClient, kube,
		bootstrap.WithRepositoryURL(o.url),
		bootstrap.WithBranch(o.branch),
		bootstrap.WithSignature("Flux", ""),
		bootstrap.WithKubeconfig(getter, clientOptions),
		bootstrap.WithLogger(logger{}))
	if err != nil {
		return err
	}
	return bootstrap.Run(ctx, provider, manifests, o.install(), o.secret(password),
		o.sync(repository.String()), o.poll, o.timeout)
}

func export(o options) error {
	manifests, err := o.manifestsCopy()
	if err != nil {
		return err
	}
	defer os.RemoveAll(manifests)
	generated, err := install.Generate(o.install(), manifests)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(generated.Content)
	return err
}

// manifestsCopy is a folder that generating may write into: the flux CLI unpacks its embedded
// manifests into such a one.
func (o options) manifestsCopy() (string, error) {
	dir, err := manifestgen.MkdirTempAbs("", "flux-manifests-")
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, os.DirFS(o.manifests))
}

func (o options) install() install.Options {
	generated := install.MakeDefaultOptions()
	generated.Version = o.version
	generated.Namespace = o.namespace
	generated.Components = strings.Split(o.components, ",")
	generated.ComponentsExtra = nil
	generated.Registry = o.registry
	generated.RegistryCredential = o.registryCreds
	generated.ImagePullSecret = o.pullSecret
	generated.Timeout = o.timeout
	generated.TargetPath = o.path
	return generated
}

func (o options) secret(password string) sourcesecret.Options {
	return sourcesecret.Options{
		Name:         o.namespace,
		Namespace:    o.namespace,
		TargetPath:   o.path,
		ManifestFile: sourcesecret.MakeDefaultOptions().ManifestFile,
		Username:     o.username,
		Password:     password,
	}
}

func (o options) sync(repository string) sync.Options {
	return sync.Options{
		Interval:     o.interval,
		Name:         o.namespace,
		Namespace:    o.namespace,
		URL:          repository,
		Branch:       o.branch,
		Secret:       o.namespace,
		TargetPath:   o.path,
		ManifestFile: sync.MakeDefaultOptions().ManifestFile,
	}
}

func kubeClient(getter genericclioptions.RESTClientGetter, opts *runclient.Options) (client.Client, error) {
	config, err := getter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = opts.QPS, opts.Burst
	scheme := apiruntime.NewScheme()
	for _, add := range []func(*apiruntime.Scheme) error{
		clientgoscheme.AddToScheme, sourcev1.AddToScheme, kustomizev1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// logger writes what the flux CLI writes.
type logger struct{}

func (logger) Actionf(format string, a ...any)   { say("►", format, a...) }
func (logger) Generatef(format string, a ...any) { say("✚", format, a...) }
func (logger) Waitingf(format string, a ...any)  { say("◎", format, a...) }
func (logger) Successf(format string, a ...any)  { say("✔", format, a...) }
func (logger) Warningf(format string, a ...any)  { say("⚠️", format, a...) }
func (logger) Failuref(format string, a ...any)  { say("✗", format, a...) }

func say(mark, format string, a ...any) {
	fmt.Fprintln(os.Stderr, mark, fmt.Sprintf(format, a...))
}
