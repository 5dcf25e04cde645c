"""Answers as texts: written by a model, or given, and what a model's settings ask of them."""
