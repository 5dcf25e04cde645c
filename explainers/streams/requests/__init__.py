"""What the streams are asked for. Names are those of the API; all is checked before a model loads."""
