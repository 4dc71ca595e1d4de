variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower case letters, digits and hyphens, and begins with a letter."
  }
}

variable "name" {
  description = "Prefix of all names, one per brand; with the project it makes the buckets' names, which are unique in the world."
  type        = string
  default     = "countinghouse"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 lower case letters, digits and hyphens, beginning with a letter (it becomes part of a service account's id)."
  }
}

variable "environment" {
  description = "The environment that the machine publishes to."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]{0,30}$", var.environment))
    error_message = "Lower case letters, digits, hyphens and underscores, beginning with a letter."
  }
}

variable "region" {
  description = "Region of the bucket, the secret and the machine: where the law that the brand lives under wants the data to be."
  type        = string
  default     = "asia-east2"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region, such as asia-east2 (not a zone, nor a multi-region)."
  }
}

variable "zone" {
  description = "Zone of the machine, in the region; the letter only."
  type        = string
  default     = "b"

  validation {
    condition     = can(regex("^[a-f]$", var.zone))
    error_message = "One letter, a to f."
  }
}

variable "machine_type" {
  description = "Machine that runs serve. 2 cores and 8 GB carry a brand of a million members."
  type        = string
  default     = "e2-standard-2"

  validation {
    condition     = can(regex("^[a-z0-9]+-[a-z]+-[0-9]+$", var.machine_type))
    error_message = "A machine type such as e2-standard-2."
  }
}

variable "scratch_gb" {
  description = "Size of the scratch disk, in GB: spilled intermediate results and the cache of the store. All of it can be made again."
  type        = number
  default     = 100

  validation {
    condition     = var.scratch_gb >= 20 && var.scratch_gb <= 4096 && floor(var.scratch_gb) == var.scratch_gb
    error_message = "A whole number from 20 to 4096."
  }
}

variable "memory_limit" {
  description = "What DuckDB may use; about 60 % of the machine's memory."
  type        = string
  default     = "4800MB"

  validation {
    condition     = can(regex("^[0-9]+(MB|GB)$", var.memory_limit))
    error_message = "A whole number of MB or GB, such as 4800MB."
  }
}

variable "release" {
  description = "The version to run: releases/<release>/ in the releases bucket holds the binary and the project folder."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", var.release))
    error_message = "A version such as v1.4.0: letters, digits, dots, hyphens and underscores."
  }
}

variable "release_sha256" {
  description = "SHA-256 of the release's archive, in hex. The machine runs nothing else."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "64 lower case hex digits, as sha256sum prints them."
  }
}

variable "landing_nearline_days" {
  description = "Days after which exports in landing/ move to colder storage. They are read again only when a contract changes. 0: never."
  type        = number
  default     = 60

  validation {
    condition     = var.landing_nearline_days >= 0 && floor(var.landing_nearline_days) == var.landing_nearline_days
    error_message = "A whole number, 0 or more."
  }
}

variable "noncurrent_days" {
  description = "Days for which what was deleted or replaced (the environment pointer, leases, published copies) can be had back."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 7 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "A whole number of 7 days or more: a mistake made on a Friday must be mendable on Monday."
  }
}

variable "readers" {
  description = "Who may read the published marts, and nothing else: principals such as group:bi@example.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.readers : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", who))])
    error_message = "Each begins with user:, group:, serviceAccount:, principal: or principalSet:. The public (allUsers) is refused."
  }
}

variable "operators" {
  description = "Who may reach the machine by SSH, through Identity-Aware Proxy only: principals such as group:data@example.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for who in var.operators : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", who))])
    error_message = "Each begins with user:, group:, serviceAccount:, principal: or principalSet:."
  }
}

variable "source_secrets" {
  description = "Secrets of the project, by their ids, that sources in countinghouse.yaml name as files: /run/countinghouse/secrets/<id>."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.source_secrets : can(regex("^[A-Za-z0-9_-]{1,255}$", id))])
    error_message = "Each is the id of a secret: letters, digits, hyphens and underscores."
  }
}

variable "source_networks" {
  description = "Where SFTP and web sources are: addresses in CIDR form that the machine may reach, on ports 22 and 443. Empty: Google's services only."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.source_networks : can(cidrhost(range, 0))])
    error_message = "Each is a range of addresses such as 203.0.113.7/32."
  }
}
