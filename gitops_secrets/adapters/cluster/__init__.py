"""The Kubernetes API server: by the user's kubeconfig, over TLS alone."""
