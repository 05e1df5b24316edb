"""A linear model <-> the `LinearClassifier` of an ONNX model."""
