# The store: exports, tables, run records, published copies. Everything else can be made again from what is in here.
resource "google_storage_bucket" "store" {
  name     = "${var.project}-${var.name}"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * 24 * 60 * 60
  }

  # What was deleted or replaced can be had back for a while, and goes then.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.noncurrent_days
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  # Leases change three times a minute while a job runs; their history is worth a day.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 1
      with_state                 = "ARCHIVED"
      matches_prefix             = ["leases/"]
    }
    action {
      type = "Delete"
    }
  }

  # Uploads that a process left half done when it died.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.landing_nearline_days > 0 ? [var.landing_nearline_days] : []

    content {
      condition {
        age                   = lifecycle_rule.value
        matches_prefix        = ["landing/"]
        matches_storage_class = ["STANDARD"]
      }
      action {
        type          = "SetStorageClass"
        storage_class = "NEARLINE"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Released binaries: apart from the store, so that the machine can read what it runs and cannot change it.
resource "google_storage_bucket" "releases" {
  name     = "${var.project}-${var.name}-releases"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }
}
