"""The pretend shop that the sandbox serves: goods, people, orders, and what is answered."""
