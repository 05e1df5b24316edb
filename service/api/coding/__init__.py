"""How bodies are written on their way: compressed, in which encoding of texts, and known to the client already."""
