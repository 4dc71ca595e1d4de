# A network of its own, without a way in: no external address, no open port. Google's services are reached through the private path.
resource "google_compute_network" "net" {
  name                    = var.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "net" {
  name                     = var.name
  network                  = google_compute_network.net.id
  region                   = var.region
  ip_cidr_range            = "10.20.0.0/28"
  private_ip_google_access = true
}

# SSH comes from Identity-Aware Proxy only, which asks who it is.
resource "google_compute_firewall" "iap" {
  count = length(var.operators) > 0 ? 1 : 0

  name                    = "${var.name}-iap-ssh"
  network                 = google_compute_network.net.id
  direction               = "INGRESS"
  source_ranges           = ["35.235.240.0/20"]
  target_service_accounts = [google_service_account.serve.email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

# Operators reach this one machine, through the proxy, and log in without being root there.
resource "google_iap_tunnel_instance_iam_member" "operators" {
  for_each = var.operators

  instance = google_compute_instance.serve.name
  zone     = google_compute_instance.serve.zone
  role     = "roles/iap.tunnelResourceAccessor"
  member   = each.value
}

resource "google_compute_instance_iam_member" "operators" {
  for_each = var.operators

  instance_name = google_compute_instance.serve.name
  zone          = google_compute_instance.serve.zone
  role          = "roles/compute.osLogin"
  member        = each.value
}

resource "google_service_account_iam_member" "operators" {
  for_each = var.operators

  service_account_id = google_service_account.serve.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# What the machine may reach: Google's services, the metadata server and nothing else.
resource "google_compute_firewall" "out_google" {
  name               = "${var.name}-out-google"
  network            = google_compute_network.net.id
  direction          = "EGRESS"
  priority           = 900
  destination_ranges = ["199.36.153.8/30"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "out_none" {
  name               = "${var.name}-out-none"
  network            = google_compute_network.net.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }
}

# googleapis.com answers with the addresses of the private path.
resource "google_dns_managed_zone" "googleapis" {
  name       = "${var.name}-googleapis"
  dns_name   = "googleapis.com."
  visibility = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.net.id
    }
  }
}

resource "google_dns_record_set" "private" {
  managed_zone = google_dns_managed_zone.googleapis.name
  name         = "private.googleapis.com."
  type         = "A"
  ttl          = 300
  rrdatas      = ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]
}

resource "google_dns_record_set" "all" {
  managed_zone = google_dns_managed_zone.googleapis.name
  name         = "*.googleapis.com."
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [google_dns_record_set.private.name]
}

# The way out to servers that exports are fetched from, where there are any. The machine keeps no address of its own.
resource "google_compute_firewall" "out_sources" {
  count = length(var.source_networks) > 0 ? 1 : 0

  name               = "${var.name}-out-sources"
  network            = google_compute_network.net.id
  direction          = "EGRESS"
  priority           = 950
  destination_ranges = var.source_networks

  allow {
    protocol = "tcp"
    ports    = ["22", "443"]
  }
}

resource "google_compute_router" "sources" {
  count = length(var.source_networks) > 0 ? 1 : 0

  name    = "${var.name}-sources"
  network = google_compute_network.net.id
  region  = var.region
}

resource "google_compute_router_nat" "sources" {
  count = length(var.source_networks) > 0 ? 1 : 0

  name                               = "${var.name}-sources"
  router                             = google_compute_router.sources[0].name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}
