"""Small repositories with the shapes that public Flux repositories have, and what is to be read in each."""
