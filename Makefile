# The interface of the repository: people and CI call these recipes and nothing else.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CRATES := ferrik-config ferrik-controller ferrik-proxy ferrik
# What is needed besides Rust: pingora reaches libz-ng-sys through flate2, whose build calls cmake; tests drive curl; the tidy
# test asks git for the list of files.
TOOLS := cmake cc curl git
X86 := x86_64-unknown-linux-gnu
ARM := aarch64-unknown-linux-gnu
ARM_CC := aarch64-linux-gnu-gcc
STATIC := -C target-feature=+crt-static
# Arguments of `make demo`, such as ARGS=--help.
ARGS ?=
# Anything makes `make bench` short.
QUICK ?=

# How many random requests `make dual` sends, and what they follow from.
REQUESTS ?= 100000
SEED ?= 1

.PHONY: help demo test dual lab desync lint docs bench release site tools chart manifests image

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

demo: tools ## Build, then serve a small example on this machine; Ctrl-C ends it
	@cargo build
	@cargo run -q -- demo $(ARGS)

test: tools lab ## Run all tests
	@cargo test --workspace
	@echo '== end to end once more, by pingora alone'
	@FERRIK_HTTP1_ENGINE=pingora cargo test --test e2e

dual: tools ## Compare both HTTP/1.1 engines with random requests: make dual REQUESTS=100000 SEED=1
	@log="$$(mktemp)"; \
	if FERRIK_DUAL_REQUESTS='$(REQUESTS)' FERRIK_DUAL_SEED='$(SEED)' cargo test -q --test e2e \
	    engine::both_engines_give_the_same_answers -- --exact --nocapture >"$$log" 2>&1; then \
	    grep '^dual: ' "$$log"; rm "$$log"; \
	else \
	    cat "$$log"; rm "$$log"; exit 1; \
	fi

lab: tools ## Build the servers of the tests (Kubernetes, ACME, origins), once; about six minutes
	@tests/cluster/servers/build.sh
	@tests/acme/servers/build.sh
	@tests/e2e/desync/servers/build.sh

desync: tools ## Print what both engines make of malformed requests, before origins of three makes
	@tests/e2e/desync/servers/build.sh
	@cargo test --test e2e desync -- --nocapture

lint: tools ## Check formatting, lints, each crate on its own, dependencies, and the chart
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || \
	    { echo 'rustfmt or clippy is missing: rustup component add rustfmt clippy'; exit 1; }
	@echo '== formatting'
	@cargo fmt --all --check
	@echo '== clippy'
	@cargo clippy --workspace --all-targets -- -D warnings
	@echo '== each crate on its own'
	@for crate in $(CRATES); do echo "   $$crate"; cargo check -q -p $$crate; done
	@echo '== dependencies'
	@if cargo deny --version >/dev/null 2>&1; then \
	    cargo deny check bans licenses sources; \
	    cargo deny check advisories || echo 'an advisory is open, or the database is out of reach: see above (does not fail the recipe)'; \
	else \
	    echo 'cargo-deny is not installed, deny.toml goes unchecked: cargo install cargo-deny --locked'; \
	fi
	@if deploy/helm/helm.sh --possible; then \
	    $(MAKE) chart; \
	else \
	    echo 'neither helm nor Go to build it is there, deploy/ goes unchecked: https://go.dev/dl'; \
	fi

chart: ## Check chart, manifests and alerts in deploy/; builds helm once, with Go
	@deploy/chart.sh

manifests: ## Write deploy/manifests anew from the chart
	@deploy/manifests.sh

image: ## Build the container image from what `make release` built: make image IMAGE=NAME:TAG
	@test -n '$(IMAGE)' || { echo 'name the image: make image IMAGE=registry.example.org/ferrik:1'; exit 1; }
	@deploy/image/build.sh target/$(X86)/release/ferrik '$(IMAGE)'

docs: tools ## Write the generated pages of docs/ anew
	@UPDATE=1 cargo test --test generated_docs
	@UPDATE=1 cargo test --test e2e engine::page

bench: tools lab ## Measure against other proxies; a shorter run with QUICK=1
	@QUICK='$(QUICK)' benches/run.sh

release: tools ## Build what ships, for x86-64 and, where a cross compiler is installed, for arm64
	@# The binary must run on every machine of its architecture, and in an image without libraries, so it is linked statically.
	@case "$${RUSTFLAGS:-} $${CARGO_ENCODED_RUSTFLAGS:-}" in *target-cpu=native*) \
	    echo 'RUSTFLAGS holds target-cpu=native: such a binary runs on this machine only'; exit 1;; esac
	@if test -d "$$(rustc --print target-libdir --target $(X86))"; then \
	    RUSTFLAGS="$${RUSTFLAGS:-} $(STATIC)" cargo build --release --locked --target $(X86); \
	else \
	    echo 'no Rust for $(X86): rustup target add $(X86)'; exit 1; \
	fi
	@if ! command -v $(ARM_CC) >/dev/null; then \
	    echo 'arm64 left out, no $(ARM_CC): apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross'; \
	elif ! test -d "$$(rustc --print target-libdir --target $(ARM))"; then \
	    echo 'arm64 left out, no Rust for it: rustup target add $(ARM)'; \
	else \
	    CC_aarch64_unknown_linux_gnu=$(ARM_CC) CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$(ARM_CC) \
	        RUSTFLAGS="$${RUSTFLAGS:-} $(STATIC)" cargo build --release --locked --target $(ARM); \
	fi

site: tools ## Check the objects of a site offline: make site SITE=DIR
	@if test -z '$(SITE)'; then \
	    echo 'make site SITE=DIR reads DIR/ready, a folder of YAML with Ingresses, Services, Secrets and the rest,'; \
	    echo 'and reports what Ferrik would serve and every problem it finds. No cluster is asked, nothing is changed.'; \
	    exit 1; \
	fi
	@test -d '$(SITE)/ready' || { echo 'there is no folder $(SITE)/ready'; exit 1; }
	@echo 'What Ferrik makes of the objects in $(SITE)/ready, read offline:'
	@cargo run -q -- check '$(SITE)/ready'

tools: ## Check that cargo, cmake, a C compiler, curl and git are there; as root on Debian or Ubuntu, install what is missing
	@command -v cargo >/dev/null || { echo 'cargo is missing: https://rustup.rs'; exit 1; }
	@missing=''; for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	test -n "$$missing" || exit 0; \
	packages="$${missing/ cc/ gcc libc6-dev}"; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    echo "installing$$packages"; \
	    apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages >/dev/null; \
	else \
	    echo "missing:$$missing"; \
	    echo "  Debian, Ubuntu: sudo apt-get install$$packages"; \
	    echo "  Fedora, RHEL:   sudo dnf install$${missing/ cc/ gcc}"; \
	    echo "  macOS:          xcode-select --install; brew install cmake"; \
	    exit 1; \
	fi
