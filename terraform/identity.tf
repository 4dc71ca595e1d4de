# The service account of the machine. It may use objects of the store, read releases, read the key and the secrets of sources, and write logs.
resource "google_service_account" "serve" {
  account_id   = "${var.name}-serve"
  display_name = "Countinghouse serve (${var.environment})"
}

# objectUser, not objectAdmin: it reads, writes and deletes objects, and cannot change who else may.
resource "google_storage_bucket_iam_member" "store" {
  bucket = google_storage_bucket.store.name
  role   = "roles/storage.objectUser"
  member = google_service_account.serve.member
}

resource "google_storage_bucket_iam_member" "releases" {
  bucket = google_storage_bucket.releases.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.serve.member
}

resource "google_secret_manager_secret_iam_member" "hash_key" {
  secret_id = google_secret_manager_secret.hash_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.serve.member
}

# What the project's sources let themselves in with. The secrets are there already, made by hand like their values.
resource "google_secret_manager_secret_iam_member" "sources" {
  for_each = var.source_secrets

  project   = var.project
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.serve.member
}

resource "google_project_iam_member" "logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.serve.member
}

# Readers of the marts see marts/ only: landing/, files/, rejects/ and tables/ hold personal data in the clear. The condition is on
# each object's name; to list the bucket they would need more, so they are given the marts' addresses.
resource "google_storage_bucket_iam_member" "readers" {
  for_each = var.readers

  bucket = google_storage_bucket.store.name
  role   = "roles/storage.objectViewer"
  member = each.value

  condition {
    title      = "published marts only"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.store.name}/objects/marts/\")"
  }
}

# The key of the keyed hashes that marts carry instead of phone numbers. Its value is set by hand (see README.md), so that it is never
# in the state or in a plan; with another key all hashes change.
resource "google_secret_manager_secret" "hash_key" {
  secret_id = "${var.name}-hash-key"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
