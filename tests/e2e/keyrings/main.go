// Which entries of pull Secrets are tried for an image: by the kubelet's own package, by the one of Flux's
// controllers, and for charts by docker's. A module of its own, so that its requirements do not move the API server's.
//
// It reads one JSON object a line, and answers with one. An entry is known by its user name.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	kauth "github.com/google/go-containerregistry/pkg/authn/kubernetes"
	"github.com/google/go-containerregistry/pkg/name"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Image   string
	Host    string
	Configs []string
}

type answer struct {
	Kubelet    []string
	Controller []string
	Charts     []string
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var asked question
		must(json.Unmarshal(lines.Bytes(), &asked))
		held := pullSecrets(asked.Configs)
		must(answers.Encode(answer{kubelet(asked, held), controller(asked, held), charts(asked)}))
	}
	must(lines.Err())
}

func pullSecrets(configs []string) []corev1.Secret {
	var held []corev1.Secret
	for number, config := range configs {
		held = append(held, corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(number)},
			Type:       corev1.SecretTypeDockerConfigJson,
			Data:       map[string][]byte{corev1.DockerConfigJsonKey: []byte(config)},
		})
	}
	return held
}

// kubelet answers all that it tries, one after the other.
func kubelet(asked question, held []corev1.Secret) []string {
	repository, _, _, err := parsers.ParseImageName(asked.Image)
	must(err)
	ring, err := secrets.MakeDockerKeyring(held, &credentialprovider.BasicDockerKeyring{})
	must(err)
	users := []string{}
	tried, _ := ring.Lookup(repository)
	for _, entry := range tried {
		users = append(users, entry.Username)
	}
	return users
}

// controller answers the one that source-controller and image-reflector-controller take.
func controller(asked question, held []corev1.Secret) []string {
	reference, err := name.ParseReference(asked.Image)
	must(err)
	keychain, err := kauth.NewFromPullSecrets(context.Background(), held)
	must(err)
	found, err := authn.Resolve(context.Background(), keychain, reference.Context())
	must(err)
	entry, err := found.Authorization()
	must(err)
	return named(entry.Username)
}

// charts answers the one that source-controller takes of the first Secret for a HelmRepository.
func charts(asked question) []string {
	file, err := config.LoadFromReader(bytes.NewReader([]byte(asked.Configs[0])))
	must(err)
	entry, err := file.GetAuthConfig(asked.Host)
	must(err)
	if credentials.ConvertToHostname(entry.ServerAddress) != asked.Host {
		return []string{}
	}
	return named(entry.Username)
}

func named(user string) []string {
	if user == "" {
		return []string{}
	}
	return []string{user}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
