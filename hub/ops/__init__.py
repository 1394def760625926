"""What keeps the processes of one hub together: lifelines, locks, sockets, children."""
