data "google_compute_image" "debian" {
  family  = "debian-12"
  project = "debian-cloud"
}

# One small machine that runs serve, and nothing of value on it: it can be deleted and made again at any time. What it was doing is
# finished by the next one, since the run ledger and the leases are in the store.
resource "google_compute_instance" "serve" {
  name         = "${var.name}-serve"
  zone         = "${var.region}-${var.zone}"
  machine_type = var.machine_type

  allow_stopping_for_update = true

  boot_disk {
    initialize_params {
      image = data.google_compute_image.debian.self_link
      size  = 20
      type  = "pd-balanced"
    }
  }

  attached_disk {
    source      = google_compute_disk.scratch.id
    device_name = "scratch"
  }

  network_interface {
    subnetwork = google_compute_subnetwork.net.id
  }

  service_account {
    email  = google_service_account.serve.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  scheduling {
    automatic_restart   = true
    on_host_maintenance = "MIGRATE"
  }

  metadata = {
    enable-oslogin             = "TRUE"
    block-project-ssh-keys     = "TRUE"
    serial-port-enable         = "FALSE"
    serial-port-logging-enable = "TRUE" # what serve says goes to Cloud Logging, without an agent
    startup-script = templatefile("${path.module}/startup.sh.tftpl", {
      release     = var.release
      sha256      = var.release_sha256
      releases    = google_storage_bucket.releases.name
      store       = "gs://${google_storage_bucket.store.name}"
      secret      = google_secret_manager_secret.hash_key.secret_id
      project     = var.project
      environment = var.environment
      memory      = var.memory_limit
      sources     = join(" ", var.source_secrets)
    })
  }

  # A new image of the same family is no reason to make a new machine.
  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }

  depends_on = [
    google_storage_bucket_iam_member.store,
    google_storage_bucket_iam_member.releases,
    google_secret_manager_secret_iam_member.hash_key,
    google_secret_manager_secret_iam_member.sources,
    google_dns_record_set.all,
  ]
}

resource "google_compute_disk" "scratch" {
  name = "${var.name}-scratch"
  zone = "${var.region}-${var.zone}"
  type = "pd-ssd"
  size = var.scratch_gb
}
