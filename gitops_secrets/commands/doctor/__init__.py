"""doctor: a repository, and the cluster if asked, held against what Flux does."""
