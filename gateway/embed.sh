#!/bin/sh
# Writes the C source of the file bundle to stdout. Arguments: the files; each is served
# under its base name.
set -eu

content_type()
{
	case $1 in
		*.html) echo 'text/html; charset=utf-8' ;;
		*.css) echo 'text/css; charset=utf-8' ;;
		*.js) echo 'text/javascript; charset=utf-8' ;;
		*.svg) echo 'image/svg+xml' ;;
		*.yaml) echo 'application/yaml' ;;
		*.json) echo 'application/json' ;;
		*)
			echo "embed.sh: no content type for $1" >&2
			return 1
			;;
	esac
}

echo '/* Made by embed.sh. */'
echo '#include "static.h"'
number=0
for file; do
	echo "static const unsigned char file_${number}[] = {"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '0};'
	number=$((number + 1))
done

echo 'const GwFile gw_files[] = {'
number=0
for file; do
	type=$(content_type "$file")
	tag=$(sha256sum "$file" | cut -c 1-16)
	printf '{"/%s", "%s", "\\"%s\\"", file_%d, sizeof(file_%d) - 1},\n' \
		"$(basename "$file")" "$type" "$tag" "$number" "$number"
	number=$((number + 1))
done
echo '{0}};'
