"""What the streams are asked for: the names are those of the API, and each is checked before a model loads."""
