"""One module per revision; `REVISIONS` names them in order."""
