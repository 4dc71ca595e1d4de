# Countinghouse. `make` alone lists the targets.
export GOFLAGS := -tags=duckdb_arrow
export CGO_ENABLED := 1
BIN := bin
LINT_VERSION := v2.15.0
DEMO := demo

.PHONY: help build demo test lint golden bench fmt clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

build: ## build bin/countinghouse
	go build -trimpath -o $(BIN)/countinghouse ./cmd/countinghouse

demo: build ## a made-up brand, from exports to marts and a report, in demo/
	$(BIN)/countinghouse demo --project $(DEMO)

test: lint ## everything that must hold: linters, rules of the layout, unit, property, golden and end-to-end tests
	go test -timeout 20m ./...

lint: $(BIN)/golangci-lint ## linters
	$(BIN)/golangci-lint run ./...
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive terraform; fi

$(BIN)/golangci-lint:
	GOFLAGS= GOBIN=$(CURDIR)/$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

golden: ## rewrite the wanted rows of the golden cases; review the difference before you commit it
	go test ./sql -update

bench: build ## ratios against bare DuckDB doing the same work
	go run ./cmd/bench -countinghouse $(BIN)/countinghouse

fmt: $(BIN)/golangci-lint ## format Go and Terraform
	$(BIN)/golangci-lint fmt ./...
	@if command -v terraform >/dev/null; then terraform fmt -recursive terraform; fi

clean: ## remove what was built and the demo
	rm -rf $(BIN) $(DEMO)
