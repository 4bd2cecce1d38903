"""What each team has in Grafana: objects built from the model, and checked; Terraform and provisioning write them."""
