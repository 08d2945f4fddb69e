# Versions of the tools are pinned only here; those of Python's packages in testdata/verify/requirements.txt.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
CYCLONEDX   := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
AZURITE     := azurite@3.37.0
BROWSING    := playwright-core@1.65.1 axe-core@4.14.1
MAPSHAPER   := mapshaper@0.7.70

# These tags leave out parts of two libraries that this program never uses: gRPC in Google's storage client, with all messages of
# Envoy, and a second JSON library in arrow-go. The program is smaller, needs less memory and compiles faster.
override TAGS := disable_grpc_modules,arrow_json_stdlib

# Everything is built with the same flags, including those in the user's GOFLAGS. So tests and program share compiled packages;
# compiling Beam takes minutes.
comma := ,
given := $(or $(GOFLAGS),$(shell go env GOFLAGS))
tags  := $(sort $(subst $(comma), ,$(patsubst -tags=%,%,$(patsubst --tags=%,-tags=%,$(filter -tags=% --tags=%,$(given)))) $(TAGS)))
$(foreach q,'-tags "-tags '--tags "--tags,$(if $(findstring $q,$(given)),$(error GOFLAGS: found $(given), expected tags without quotes)))
override export GOFLAGS := $(strip $(filter-out -trimpath -tags=% --tags=%,$(given)) -trimpath -tags=$(subst $(eval ) ,$(comma),$(tags)))

# The linker sets the revision, because Go does not record it if GOFLAGS has -buildvcs=false.
VERSION := $(shell sed -n 's,^const version = "\(.*\)",\1,p' pipeline/version.go)
LDFLAGS = -s -w -X main.builtFrom=$(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)

# The path is absolute because Go runs tests in the folders of their packages. Tests that need the real data skip, with a message, if
# it is not there.
export TRIPSTATS_DATA := $(abspath $(or $(TRIPSTATS_DATA),../shared/data))

# Go's ./... leaves out folders named testdata.
SOURCES  := io pipeline runners testdata transforms
PACKAGES := ./... $(addprefix ./,$(sort $(patsubst %/,%,$(dir $(shell find testdata -name '*.go')))))

# $(call with,TEXT): the packages that have TEXT in a test file.
with = $(addprefix ./,$(sort $(dir $(shell grep -rl --include='*_test.go' '$(1)' $(SOURCES)))))

COUNT    ?= 6
ROUNDS   ?= 5
FUZZTIME ?= 10s
COMBINATIONS ?= 100
QUERIES      ?= 100
CSVFILES     ?= 30
PYTHON   := .venv/bin/python
REUSE     = $(or $(TRIPSTATS_BENCH_DIR),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tripstats-bench)/reuse

# RUST: what the benchmarks in Rust need, unless PEERS names none of them. $(call flag,sets): --sets=$(SETS), if SETS is set.
RUST  := $(if $(PEERS),$(if $(filter datafusion% decode,$(subst $(comma), ,$(PEERS))),.cache/bench-peers/ready),.cache/bench-peers/ready)
flag   = $(if $($(shell echo $1 | tr a-z A-Z)),--$1='$($(shell echo $1 | tr a-z A-Z))')

.PHONY: help goflags build install dist image test lint verify bench bench-peers bench-csv bench-fhvhv bench-decade bench-query bench-cores bench-cores-pack bench-serial bench-reuse bench-rules bench-ablation bench-many bench-memory sample fuzz fuzz-plain soak azurite clean \
	flink-jar spark-jar flink-up flink-cluster-up spark-up flink-down flink-test flink-cluster-test spark-test delta-spark-test workers dataflow-template

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

goflags: ## print the flags with which everything is built: export them as GOFLAGS, so that go run and go test share compiled packages
	@go env GOFLAGS

build: ## bin/tripstats
	go build -ldflags='$(LDFLAGS)' -o bin/tripstats ./pipeline

# go install would call the program by the name of its folder.
install: ## tripstats, where Go puts programs: in GOBIN, or else in bin of GOPATH
	@dir=$$(go env GOBIN); dir=$${dir:-$$(go env GOPATH | cut -d: -f1)/bin}; mkdir -p "$$dir"; \
	go build -ldflags='$(LDFLAGS)' -o "$$dir/tripstats$$(go env GOEXE)" ./pipeline && echo "install: $$dir/tripstats$$(go env GOEXE)"

test: ## all Go tests; those of Beam transforms run on direct and on prism; needs nothing but Go
	go test -timeout 30m $(PACKAGES)
	$(if $(call with,ptest.MainWithDefault),,$(error no package calls ptest.MainWithDefault))
	go test -timeout 30m $(call with,ptest.MainWithDefault) -args --runner=prism

lint: ## gofmt, go vet, staticcheck, gofumpt, govulncheck
	@files=$$(gofmt -l $(SOURCES)) && test -z "$$files" || { echo "gofmt -w is due: $$files"; exit 1; }
	@files=$$(go run $(GOFUMPT) -l $(SOURCES)) && test -z "$$files" || { echo "gofumpt -w is due: $$files"; exit 1; }
	go vet $(PACKAGES)
	go run $(STATICCHECK) $(PACKAGES)
	@# govulncheck's database is on the network. Without the network it is skipped.
	@echo "go run $(GOVULNCHECK)"; found=$$(go run $(GOVULNCHECK) $(PACKAGES) 2>&1) && echo "$$found" || \
	case $$found in \
	*"govulncheck: fetching vulnerabilities"*) echo "lint: SKIPPED: govulncheck could not reach its database: $$found" ;; \
	*) echo "$$found"; exit 1 ;; \
	esac

verify: build .venv/ready ## compare with DuckDB: the sample, files of other writers, real data; every runner, same bytes; Delta tables with delta-rs and Polars; COMBINATIONS=100 of what pyarrow writes; CSVFILES=30 random CSV files, damaged; declared tables, QUERIES=100 random; what the documents show
	testdata/verify/run.sh bin/tripstats $(PYTHON)
	$(PYTHON) testdata/verify/deltatables.py bin/tripstats
	$(PYTHON) testdata/verify/combinations.py bin/tripstats $(COMBINATIONS)
	go build -o .cache/gen ./testdata/gen
	$(PYTHON) testdata/verify/csvfiles.py bin/tripstats .cache/gen $(CSVFILES)
	$(PYTHON) testdata/verify/random_queries.py bin/tripstats --count $(QUERIES)
	go test -count 1 ./transforms/query -run DuckDB
	@# Some of what the documents show needs Python.
	go test -count 1 ./testdata/docs

# Spark with Delta Lake, from Maven Central.
.cache/delta-spark/ready: testdata/verify/spark/pom.xml
	mvn -B -q -f testdata/verify/spark/pom.xml package
	touch $@

delta-spark-test: build .venv/ready ## tables of --format=delta, read and written by Spark with Delta Lake; needs java and mvn: 200 MB from Maven Central, once
	$(call WITH_JAVA,$(MAKE) .cache/delta-spark/ready && $(PYTHON) testdata/verify/deltatables.py bin/tripstats --spark .cache/delta-spark)

bench: ## Go benchmarks; COUNT=6
	go test -run '^$$' -bench . -benchmem -count $(COUNT) $(call with,^func Benchmark)

bench-peers: build .venv/bench $(RUST) ## time against DuckDB, DataFusion, Polars, chdb, pandas; SETS= THREADS= PEERS= ROUNDS=5; makes 4 GB once
	$(PYTHON) testdata/bench/peers.py bin/tripstats --rounds $(ROUNDS) $(foreach v,sets threads peers wait,$(call flag,$v))

bench-csv: build .venv/bench ## CSV and CSV.gz, 4 months of 3 million rows, against DuckDB and Polars; at most 0.7 of DuckDB's wall time; ROUNDS=5; makes 1.5 GB once
	$(PYTHON) testdata/bench/peers.py bin/tripstats --sets csv,csv-gz --threads 2 --rounds $(ROUNDS) $(call flag,wait)

bench-fhvhv: build .venv/bench ## 24 months of 3 million trips of fhvhv against DuckDB; at most 0.4 of its wall time; ROUNDS=5; makes 2 GB once
	$(PYTHON) testdata/bench/peers.py bin/tripstats --sets fhvhv --threads 2 --rounds $(ROUNDS) $(call flag,wait)

bench-decade: build .venv/bench $(RUST) ## 877 million rows, with the two fastest peers; MONTHS= PEERS=; makes 12.4 GB once
	$(PYTHON) testdata/bench/decade.py bin/tripstats $(foreach v,months peers wait,$(call flag,$v))

bench-query: build .venv/bench ## questions in SQL against DuckDB and Polars, one by one and in one pass, and their memory; ROUNDS=5 MONTHS=24
	$(PYTHON) testdata/bench/queries.py bin/tripstats --rounds $(ROUNDS) $(foreach v,months wait,$(call flag,$v))

bench-cores: build .venv/bench ## on 1, 2, 4 ... and all cores: direct and prism, raw and standard, and the questions in SQL, against DuckDB; WITHIN=270 seconds; makes 1 GB once
	$(PYTHON) testdata/bench/cores.py bin/tripstats $(if $(WITHIN),--seconds $(WITHIN))

bench-cores-pack: build ## bin/bench-cores.tar.xz: the same, for a machine without network; PACK_PYTHON="3.11 3.12" are versions that its python3 may have
	testdata/bench/pack.sh bin/tripstats bin/bench-cores $(or $(PACK_PYTHON),3.11 3.12)

bench-serial: build ## what a run does on one goroutine, with 16 threads on whatever cores there are: at most 1/16 of the CPU time
	for quality in raw standard; do $(PYTHON) testdata/bench/serial.py bin/tripstats --quality $$quality || exit 1; done

bench-reuse: ## 120 inputs of a million rows of which one is new or changed, or none: at most 2 % of the first run and 0.3 s; in a fake S3 with 50 ms a request 3 s; makes 2 GB once
	go build -o .cache/gen ./testdata/gen
	test -e $(REUSE)/yellow_tripdata_2023-12.parquet || .cache/gen --months 2014-01..2023-12 --rows 1000000 --columns job --codec snappy --flat --quiet --out $(REUSE)
	TRIPSTATS_BENCH_REUSE=$(REUSE) go test -run '^$$' -bench Reuse -benchtime $(ROUNDS)x -count 1 ./pipeline

bench-rules: build .venv/ready ## CPU time of --quality=standard over raw's, on the same files
	$(PYTHON) testdata/bench/rules.py bin/tripstats --rounds $(ROUNDS)

bench-ablation: .venv/ready ## CPU time with and without each hand-made pass over the rows, on the same files; ROUNDS=5
	$(PYTHON) testdata/bench/ablation.py --rounds $(ROUNDS)

bench-many: build .venv/bench ## 1,000, 10,000 and 20,000 files of 60 rows beside DuckDB, then one of them new; FILES=1000,10000,20000 ROUNDS=3
	go build -o .cache/gen ./testdata/gen
	$(PYTHON) testdata/bench/many.py bin/tripstats .cache/gen --rounds $(ROUNDS) $(call flag,files)

bench-memory: build .venv/ready ## peak memory on one row group of 14 million rows
	$(PYTHON) testdata/bench/memory.py bin/tripstats

sample: ## generate testdata/sample again
	go run ./testdata/gen --sample

fuzz: ## every fuzz target for FUZZTIME=10s, guided by coverage; the first time compiles everything again
	testdata/tools/fuzz.sh guided $(FUZZTIME) $(call with,^func Fuzz)

fuzz-plain: ## every fuzz target for FUZZTIME=10s, not guided; needs no further compilation
	testdata/tools/fuzz.sh plain $(FUZZTIME) $(call with,^func Fuzz)

soak: FUZZTIME = 10m
soak: COMBINATIONS = 1000
soak: CSVFILES = 300
soak: QUERIES = 2000
soak: build .venv/ready ## the long loops of the tests, io and transforms with the race detector, COMBINATIONS=1000, CSVFILES=300, QUERIES=2000, then every fuzz target for FUZZTIME=10m
	go test -race -timeout 0 -count 1 ./io/... ./transforms/...
	TRIPSTATS_SOAK=1 go test -timeout 0 -count 1 ./pipeline ./io/parquetio ./io/fetch ./transforms/query ./transforms/compute ./transforms/group
	$(PYTHON) testdata/verify/combinations.py bin/tripstats $(COMBINATIONS)
	go build -o .cache/gen ./testdata/gen
	$(PYTHON) testdata/verify/csvfiles.py bin/tripstats .cache/gen $(CSVFILES) 2
	$(PYTHON) testdata/verify/random_queries.py bin/tripstats --count $(QUERIES) --seed 2
	TRIPSTATS_SOAK=1 $(MAKE) flink-cluster-test
	$(MAKE) fuzz FUZZTIME=$(FUZZTIME)

azurite: ## install Azurite, a local substitute for Azure's storage, for the tests of az; needs npm and 370 MB
	@if ! command -v npm >/dev/null; then echo "azurite: SKIPPED: npm is missing; without Azurite the tests of az that need it skip"; \
	else npm install --silent --no-fund --no-audit --prefix .cache/azurite $(AZURITE); fi

CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
report-test: ## pages of tripstats report in Chromium: figures, layout at three widths, keyboard, axe; needs Chromium and npm
	@if ! command -v npm >/dev/null; then echo "report-test: SKIPPED: npm is missing"; \
	elif [ -z "$(CHROMIUM)" ]; then echo "report-test: SKIPPED: Chromium is missing (Debian's package chromium)"; \
	else $(MAKE) --no-print-directory report-in-chromium; fi

.PHONY: report-test report-in-chromium zones
report-in-chromium: build
	@test -d .cache/report/node_modules/axe-core || npm install --silent --no-fund --no-audit --prefix .cache/report $(BROWSING)
	rm -rf .cache/report/pages && mkdir -p .cache/report/pages
	TRIPSTATS_REPORT=$(abspath .cache/report/pages) go test -count 1 ./io/report
	CHROMIUM=$(CHROMIUM) testdata/report/check.sh bin/tripstats .cache/report

zones: ## the shapes of taxi zones again, from GEOJSON=FILE; needs npm
	@test -d .cache/zones/node_modules/mapshaper || npm install --silent --no-fund --no-audit --prefix .cache/zones $(MAPSHAPER)
	testdata/tools/zones.sh $(or $(GEOJSON),$(TRIPSTATS_DATA)/zones/taxi_zones.geojson) .cache/zones/node_modules/.bin/mapshaper

# Flink and Spark are downloaded from Maven Central into .cache/flink; see runners/README.md.
FLINK     := .cache/flink
POM       := runners/flink/pom.xml $(wildcard runners/flink/src/main/java/tripstats/*.java)
WITH_JAVA = @if ! { command -v java && command -v mvn; } >/dev/null; then echo "$@: SKIPPED: java or mvn is missing"; else $(1); fi

$(FLINK)/flink.jar: $(POM)
	mvn -B -q -f runners/flink/pom.xml package

$(FLINK)/spark.jar: $(POM)
	mvn -B -q -P spark -f runners/flink/pom.xml package

flink-jar: $(FLINK)/flink.jar ## Flink and Beam's job server in one jar: 200 MB from Maven Central, once

spark-jar: $(FLINK)/spark.jar ## the same for Spark: 300 MB

flink-up: flink-jar ## start Flink in a job server on localhost:8099; make flink-down stops it
	go run ./runners/flink up

flink-cluster-up: flink-jar ## start a job server, a JobManager (web page: localhost:8081) and two TaskManagers
	go build -ldflags='-s -w' -o $(FLINK)/boot ./runners/flink/boot
	go run ./runners/flink up -taskmanagers=2

spark-up: spark-jar ## start Spark in a job server on localhost:8099
	go run ./runners/flink up -spark

flink-down: ## stop what flink-up, flink-cluster-up or spark-up has started
	go run ./runners/flink down

flink-test: ## the whole job on embedded Flink: same bytes as direct, and failures; needs java and mvn
	$(call WITH_JAVA,$(MAKE) flink-jar && TRIPSTATS_FLINK=embedded go test -count 1 -timeout 15m -v ./runners/flink -run Embedded)

flink-cluster-test: ## the whole job on a JobManager and two TaskManagers, which are killed; TRIPSTATS_SOAK=1 kills five times
	$(call WITH_JAVA,$(MAKE) flink-jar && TRIPSTATS_FLINK=cluster go test -count 1 -timeout 60m -v ./runners/flink -run Cluster\|Killed)

spark-test: ## the whole job on Spark with a local master
	$(call WITH_JAVA,$(MAKE) spark-jar && TRIPSTATS_FLINK=spark go test -count 1 -timeout 30m -v ./runners/flink -run Spark)

workers: ## bin/tripstats-linux-amd64 and -arm64, static, for clusters, containers and Dataflow
	for arch in amd64 arm64; do CGO_ENABLED=0 GOOS=linux GOARCH=$$arch go build -ldflags='$(LDFLAGS)' -o bin/tripstats-linux-$$arch ./pipeline || exit 1; done

PROGRAMS  := bin/programs
PLATFORMS := darwin-amd64 darwin-arm64 linux-amd64 linux-arm64 windows-amd64 windows-arm64
dist: build ## bin/dist: archives for Linux, macOS and Windows, SBOMs and SHA256SUMS; the same bytes from the same commit; compiles for six platforms, which takes long the first time
	rm -rf bin/dist $(PROGRAMS) && mkdir -p $(PROGRAMS)/extra/completion
	@for p in $(PLATFORMS); do echo "dist: $$p"; out=$(PROGRAMS)/$$p/tripstats; case $$p in windows-*) out=$$out.exe ;; esac; \
	CGO_ENABLED=0 GOOS=$${p%-*} GOARCH=$${p#*-} go build -ldflags='$(LDFLAGS)' -o $$out ./pipeline || exit 1; \
	go run $(CYCLONEDX) bin -json -noserial -notimestamp -std -version $(VERSION) -output $(PROGRAMS)/$$p/tripstats.cdx.json $$out 2>$(PROGRAMS)/log || { cat $(PROGRAMS)/log; exit 1; }; done
	go run ./testdata/dist licenses ./pipeline >$(PROGRAMS)/extra/LICENSES.txt
	cp testdata/dist/extra/README.txt $(PROGRAMS)/extra
	bin/tripstats completion bash >$(PROGRAMS)/extra/completion/tripstats.bash
	bin/tripstats completion fish >$(PROGRAMS)/extra/completion/tripstats.fish
	bin/tripstats completion zsh >$(PROGRAMS)/extra/completion/_tripstats
	go run ./testdata/dist pack $(VERSION) $(PROGRAMS) $(PROGRAMS)/extra bin/dist
	go run ./testdata/dist check $(VERSION) bin/dist

image: ## the image tripstats of the programs of make dist; needs docker
	@if docker info >/dev/null 2>&1; then docker build --build-arg TARGETARCH=$$(go env GOARCH) -f runners/container/Dockerfile -t tripstats -t tripstats:$(VERSION) $(PROGRAMS); \
	else echo "image: SKIPPED: docker is missing, or its daemon does not run"; fi

dataflow-template: workers ## bin/dataflow-template: the files for a Flex template; building it needs gcloud
	mkdir -p bin/dataflow-template
	cp runners/dataflow/Dockerfile runners/dataflow/metadata.json bin/tripstats-linux-amd64 bin/dataflow-template
	@echo "bin/dataflow-template is ready; runners/README.md has the gcloud commands"

clean: ## remove bin, out, .cache and .venv
	rm -rf bin out .cache .venv

.venv/ready: testdata/verify/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet -r $<
	touch $@

.venv/bench: testdata/bench/requirements.txt .venv/ready
	.venv/bin/pip install --quiet -r $<
	touch $@

# Built for this machine's processor, for best speed. The C libraries of Python's packages choose the processor's instructions at run time.
.cache/bench-peers/ready: testdata/bench/rust/Cargo.lock testdata/bench/rust/Cargo.toml $(wildcard testdata/bench/rust/src/bin/*.rs)
	RUSTFLAGS='-C target-cpu=native' cargo build --quiet --release --locked --manifest-path testdata/bench/rust/Cargo.toml --target-dir .cache/bench-peers
	touch $@
