output "store" {
  description = "The store's address, for COUNTINGHOUSE_STORE or the project's countinghouse.yaml."
  value       = "gs://${google_storage_bucket.store.name}"
}

output "releases" {
  description = "Where a release is put: releases/<release>/countinghouse.tar.gz."
  value       = "gs://${google_storage_bucket.releases.name}"
}

output "service_account" {
  description = "Who the machine is; give it what else it must reach."
  value       = google_service_account.serve.email
}

output "hash_key_secret" {
  description = "The secret whose value is to be set by hand, once."
  value       = google_secret_manager_secret.hash_key.secret_id
}

output "logs" {
  description = "How to read what serve says."
  value       = "gcloud logging read 'resource.type=gce_instance AND log_id(\"serialconsole.googleapis.com/serial_port_1_output\")' --project ${var.project} --freshness 1d"
}

output "health" {
  description = "How to ask for its health: serve listens on the machine's loopback only."
  value       = "gcloud compute ssh ${google_compute_instance.serve.name} --tunnel-through-iap --zone ${google_compute_instance.serve.zone} -- curl -s localhost:8420/healthz"
}
