"""Tiny random models, made from configs, to be held against a slow computation."""
