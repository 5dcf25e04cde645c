"""The guessing game: its rounds, what they are about, and a round as a stream of events."""
