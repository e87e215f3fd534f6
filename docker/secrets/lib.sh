# shellcheck shell=bash
# The passwords of the roles that log in. secrets/login_roles is the one list of them: what is generated is generated from
# it, and regress/lint compares the rest with it (sql/roles.sql, compose.yaml, development/).

mapfile -t login_roles <"$(dirname "${BASH_SOURCE[0]}")/login_roles"

# Sees to it that DIRECTORY has a random password for each role that logs in, and for the roles named besides. What is
# there stays.
make_secrets() { # DIRECTORY [ROLE]...
	local dir=$1 role
	shift
	install -d -m 700 "$dir"
	for role in "${login_roles[@]}" "$@"; do
		if [ -s "$dir/$role" ]; then continue; fi
		(umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$dir/$role.new")
		mv "$dir/$role.new" "$dir/$role"
	done
}

# Makes a key of the API for each role, for development, in the form of secrets/development/api_keys. What is there stays.
make_api_keys() { # DIRECTORY
	local role id=0
	if [ -s "$1/api_keys" ]; then return; fi
	(
		umask 077
		for role in agent operator analyst admin; do
			id=$((id + 1))
			echo "$role bk_${id}_$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
		done >"$1/api_keys.new"
	)
	mv "$1/api_keys.new" "$1/api_keys"
}

# Writes a password file for libpq from a directory of secrets. It replaces FILE in one step: servers read it at any time.
make_passfile() { # SECRETS FILE
	local role
	(
		umask 077
		for role in "${login_roles[@]}"; do
			printf '*:*:*:%s:%s\n' "$role" "$(sed 's/[:\\]/\\&/g' "$1/$role")"
		done >"$2.new"
		mv "$2.new" "$2"
	)
}
