"""Double-entry bookkeeping of every qirsh the service takes, owes or gives back."""
