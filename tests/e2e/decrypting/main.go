// What kustomize-controller makes of encrypted files: its own decryptor and its own build, in its order, without a
// cluster. The decryptor is internal to the controller's module, so this is built as a folder of a copy of it.
//
// It reads one JSON object a line, and answers with one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fluxcd/pkg/apis/meta"
	generator "github.com/fluxcd/pkg/kustomize"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/kustomize-controller/internal/decryptor"
)

// question is the folder of a Kustomization, and the identities in its decryption Secret.
type question struct {
	Identities string
	Files      map[string][]byte
}

// answer is what would be applied, or at which step the controller fails and how.
type answer struct {
	Step    string
	Error   string
	Objects []object
}

// object is one that would be applied, and whether it came with a sops block.
type object struct {
	HadBlock bool
	Content  json.RawMessage
}

// keyHolder is the API server, as far as the decryptor asks it: for the decryption Secret.
type keyHolder struct {
	client.Client
	identities string
}

func (k keyHolder) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.(*corev1.Secret).Data = map[string][]byte{"keys.agekey": []byte(k.identities)}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var asked question
		must(json.Unmarshal(lines.Bytes(), &asked))
		must(answers.Encode(reconcile(asked)))
	}
	must(lines.Err())
	must(out.Flush())
}

// reconcile does what KustomizationReconciler.build does up to the substitution of variables.
func reconcile(asked question) answer {
	root, err := os.MkdirTemp("", "decrypting-")
	must(err)
	defer os.RemoveAll(root)
	root, err = filepath.EvalSymlinks(root)
	must(err)
	for name, content := range asked.Files {
		must(os.WriteFile(filepath.Join(root, name), content, 0o600))
	}
	kustomization := &kustomizev1.Kustomization{Spec: kustomizev1.KustomizationSpec{
		Decryption: &kustomizev1.Decryption{
			Provider:  decryptor.DecryptionProviderSOPS,
			SecretRef: &meta.LocalObjectReference{Name: "keys"},
		},
	}}
	held := keyHolder{identities: asked.Identities}
	dec, cleanup, err := decryptor.New(held, kustomization, decryptor.WithRoot(root))
	must(err)
	defer cleanup()
	if err := dec.ImportKeys(context.Background()); err != nil {
		return failed("keys", err)
	}
	if err := dec.DecryptSources(root); err != nil {
		return failed("sources", err)
	}
	built, err := generator.SecureBuild(root, root, false)
	if err != nil {
		return failed("build", err)
	}
	answered := answer{Objects: []object{}}
	for _, resource := range built.Resources() {
		if resource.GetName() == "" || resource.GetKind() == "" || resource.GetApiVersion() == "" {
			return failed("build", fmt.Errorf("an object has no apiVersion, kind or name"))
		}
		hadBlock := resource.Field("sops") != nil
		if _, err := dec.DecryptResource(resource); err != nil {
			return failed("resource", err)
		}
		content, err := resource.MarshalJSON()
		if err != nil {
			return failed("resource", err)
		}
		answered.Objects = append(answered.Objects, object{hadBlock, content})
	}
	return answered
}

func failed(step string, err error) answer {
	return answer{Step: step, Error: err.Error()}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
