"""The shapes of requests and answers that several routes and the demo share."""
