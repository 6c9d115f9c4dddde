"""The registers that documents are drawn from, behind one protocol; and a synthetic sample of two of them."""
