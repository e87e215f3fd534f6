# The only entry. Every target hands over to what does the work; variables given here (PG_CONFIG=, PRIMARY_PORT=, …)
# reach it through the environment. TOPOLOGY=compose makes up, passwords, promote, rejoin, backup, restore and the like act on the
# containers.

DB = primary
TOPOLOGY = native

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

all: ## build the extension and the gateway
	$(MAKE) -C extension all
	$(MAKE) -C gateway all

install: all ## install the extension into PostgreSQL
	$(MAKE) -C extension install

uninstall: ## remove the extension from PostgreSQL
	$(MAKE) -C extension uninstall

clean: ## remove what was built
	$(MAKE) -C extension clean
	$(MAKE) -C gateway clean
	rm -rf regress/output

up: ## install the packages needed, build, start all; says where to look; EDGE=1: HAProxy with TLS before two gateways
	@docker/$(TOPOLOGY)/cluster up

down: ## stop all; the data stays
	@docker/native/cluster down

reset: ## stop all and delete the data
	@docker/native/cluster reset

promote: ## the hot backup takes over a primary that is down; SWITCHOVER=1 stops the primary first, and loses nothing
	@docker/$(TOPOLOGY)/cluster promote

rejoin: ## bring back what fell out: the old primary as the standby, the reports
	@docker/$(TOPOLOGY)/cluster rejoin

passwords: ## give the roles the passwords that the files of secrets have by now
	@docker/$(TOPOLOGY)/cluster passwords

certificates: ## renew the servers' certificate, without a stop
	@docker/$(TOPOLOGY)/cluster certificates

monitoring: ## Prometheus and an exporter beside each database of the native cluster, until make down
	@docker/native/cluster monitoring

status: ## nodes, replication, slots, archive, subscription
	@docker/native/cluster status

psql: ## DB=primary|hot_backup|reports: psql there, as the superuser
	@docker/native/cluster psql $(DB)

logs: ## follow the logs
	@docker/native/cluster logs

etl: ## run the ETL now
	@docker/native/cluster etl

backup: ## take a base backup; BACKUP_KEEP=n (default 2) stay, and the WAL they need
	@docker/$(TOPOLOGY)/cluster backup

restore: ## POINT=end|name=…|time=…|lsn=…, BACKUP=directory (default the newest): a new primary from backup and archive
	@docker/$(TOPOLOGY)/cluster restore "$(POINT)" $(BACKUP)

restore-drill: ## restore the newest backup to a named point and to a time, on a copy, and compare
	@docker/$(TOPOLOGY)/cluster restore-drill

export-archive: ## DEST=directory: copy base backups and archived WAL there, verified
	@docker/$(TOPOLOGY)/cluster export-archive "$(DEST)"

test: ## install the packages needed, run all tests on a server and ports of their own
	@regress/run

test-compose: ## the containers end to end; POSTGRES_IMAGE= and PG_MAJOR= choose the PostgreSQL
	@regress/test-compose

test-long: ## some hours: crashes, races, random requests, memory, valgrind, fuzzing, failovers
	@regress/long

bench: ## measure against other ways of booking; the table goes to regress/output/bench.txt
	@regress/bench/run

load: ## travellers by JMeter on the system that is up; USERS= DURATION= (seconds)
	@regress/load/run

test-matrix: ## regress and specs on PostgreSQL 17 and 18, in containers
	@regress/matrix

format: ## lay out the C sources
	regress/lint --write

format-check: ## are they laid out so?
	regress/lint format

lint: ## format-check, and shellcheck over the scripts
	regress/lint

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16
