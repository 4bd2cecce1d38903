"""What a prediction log holds → what to add to the registry. Pure: facts and a registry in, edits of files out."""
