"""Past windows as samples that Prometheus takes in: what it would hold, had the exporter been scraped all the time."""
