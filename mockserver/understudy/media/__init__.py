"""What needs a real library: vocabulary, speech, pictures; each imported at its first use."""
