"""One module per document: what its generated parts say, read from the code they describe."""
