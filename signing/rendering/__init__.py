"""Turns a record and its seal code into the page: template sets, the symbol, words for numbers, one compiler.

Who issues and who verifies compose by the same code, so that a page can be composed again and compared.
"""
