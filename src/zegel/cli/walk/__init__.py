"""The walk: the whole story, told by a person with a browser and nobody looking."""
