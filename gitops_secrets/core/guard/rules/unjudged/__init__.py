"""What could not be judged, or changes how it is judged: of every group."""
