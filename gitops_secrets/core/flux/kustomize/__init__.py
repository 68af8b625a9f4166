"""How kustomize reads and changes manifests, as far as Flux's own objects and Secrets are concerned."""
