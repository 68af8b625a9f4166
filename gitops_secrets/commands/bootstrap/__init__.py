"""bootstrap: from a registry's credentials to one commit that Flux can apply."""
