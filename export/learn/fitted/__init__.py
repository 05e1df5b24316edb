"""What training gives, whatever the kind of the model, and what may change in it without training."""
