"""A repository as a whole: its clusters, its files as Flux fetches them, and whether they may be changed."""
