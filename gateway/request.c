/*
 * request.c
 *	  Checks and decodes the parts of a request. Rule: what leaves here is valid UTF-8
 *	  without NUL bytes and within limits, so that the database never sees less.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define MAX_PATH_BYTES 1024
#define MAX_PARAMETERS 64
#define MAX_DEPTH 16
#define MAX_ELEMENTS 64
#define MAX_STRING 1024

#define ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static size_t scheme_length(const char *target);
static int read_hex_digit(char c);
static bool decode_percent(const char *text, size_t length, bool query, char *out,
						   size_t *out_length);
static bool add_parameter(json_t *query, const char *piece, size_t length,
						  GwProblem *problem);
static bool set_parameter(json_t *query, const char *name, size_t name_length,
						  const char *value, size_t value_length, GwProblem *problem);
static bool is_nested_deeply(const char *text, size_t length);
static const char *find_value_fault(const json_t *value);
static const char *find_object_fault(const json_t *object);

/* Takes the client's request id when it is harmless, else makes one. */
void
gw_request_set_id(GwRequest *request, const char *proposed)
{
	unsigned char bytes[16];

	if (proposed != NULL && proposed[0] != '\0' &&
		strlen(proposed) < GW_REQUEST_ID_SIZE &&
		strspn(proposed, ID_CHARS) == strlen(proposed))
	{
		memcpy(request->id, proposed, strlen(proposed) + 1);
		return;
	}
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
	{
		request->id[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		request->id[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	request->id[2 * sizeof(bytes)] = '\0';
}

/* Takes authority and path from the target, a path or a whole URI, in which the library has found a host and a path. */
bool
gw_request_set_target(GwRequest *request, const char *target, GwProblem *problem)
{
	size_t scheme = scheme_length(target);
	size_t length = scheme > 0 ? strcspn(target + scheme, "/") : 0;

	if (scheme == 0)
		return gw_request_set_path(request, target, problem);
	request->authority = strndup(target + scheme, length);
	if (request->authority == NULL)
		return gw_request_refuse(problem, "internal_error", "Out of memory.");
	return gw_request_set_path(request, target + scheme + length, problem);
}

/* Decodes the path; an encoded slash is refused, as it could pass a proxy's path rule. */
bool
gw_request_set_path(GwRequest *request, const char *raw, GwProblem *problem)
{
	size_t length = strlen(raw);
	json_t *valid;

	if (length > MAX_PATH_BYTES)
		return gw_request_refuse(problem, "uri_too_long",
								 "The path is longer than 1024 bytes.");
	request->path = malloc(length + 1);
	if (request->path == NULL)
		return gw_request_refuse(problem, "internal_error", "Out of memory.");
	if (!decode_percent(raw, length, false, request->path, &length))
	{
		request->path[0] = '\0';
		return gw_request_refuse(
			problem, "malformed_request",
			"The path holds a wrong percent-encoding, a control character or "
			"an encoded slash.");
	}
	valid = json_stringn(request->path, length);
	if (valid == NULL)
	{
		request->path[0] = '\0';
		return gw_request_refuse(problem, "malformed_request",
								 "The path is not valid UTF-8.");
	}
	json_decref(valid);
	return true;
}

/* Turns the query string (NULL for none) into the text of a JSON object. */
bool
gw_request_set_query(GwRequest *request, const char *raw, size_t limit, GwProblem *problem)
{
	json_t *query = json_object();
	bool good = true;

	if (raw != NULL && strlen(raw) > limit)
		good = gw_request_refuse(problem, "uri_too_long", "The query string is too long.");
	while (good && raw != NULL && *raw != '\0')
	{
		size_t length = strcspn(raw, "&");

		if (length > 0)
			good = add_parameter(query, raw, length, problem);
		raw += length + (raw[length] == '&');
	}
	if (good)
		request->query = json_dumps(query, JSON_COMPACT);
	json_decref(query);
	return good;
}

/* Is body a JSON object or array within the limits, each member named once? */
bool
gw_request_check_body(const char *body, size_t length, GwProblem *problem)
{
	static _Thread_local char where[128]; /* a problem lasts until its thread has sent it */
	json_error_t error;
	json_t *root;
	const char *fault;

	if (memchr(body, '\0', length) != NULL)
		return gw_request_refuse(problem, "malformed_request", "The body has a NUL byte.");
	if (is_nested_deeply(body, length))
		return gw_request_refuse(problem, "malformed_request",
								 "The body is nested more than 16 levels deep.");
	root = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
	{
		snprintf(where, sizeof(where), "%s, line %d, column %d.",
				 json_error_code(&error) == json_error_duplicate_key
					 ? "The body names a member twice"
				 : json_error_code(&error) == json_error_numeric_overflow
					 ? "The body has a number that is too large"
					 : "The body is not a valid JSON object or array",
				 error.line, error.column);
		return gw_request_refuse(problem, "malformed_request", where);
	}
	fault = find_value_fault(root);
	json_decref(root);
	return fault == NULL || gw_request_refuse(problem, "malformed_request", fault);
}

/* Does the header say application/json (parameters allowed)? */
bool
gw_request_is_json(const char *content_type)
{
	static const char json[] = "application/json";

	return content_type != NULL &&
		   strncasecmp(content_type, json, sizeof(json) - 1) == 0 &&
		   strchr("; \t", content_type[sizeof(json) - 1]) != NULL;
}

/* Adds the value of a header to the context; NULL, a header that did not come, adds nothing. */
bool
gw_request_add_context(json_t *context, const char *key, const char *value,
					   GwProblem *problem)
{
	json_t *text;

	if (value == NULL)
		return true;
	if (strlen(value) > MAX_STRING)
		return gw_request_refuse(problem, "header_too_large",
								 "A request header is longer than 1024 bytes.");
	text = json_string(value);
	if (text == NULL || json_object_set_new(context, key, text) != 0)
		return gw_request_refuse(problem, "malformed_request",
								 "A request header is not valid UTF-8.");
	return true;
}

/* Notes why a request is refused; always false, to be returned by the check that failed. */
bool
gw_request_refuse(GwProblem *problem, const char *code, const char *detail)
{
	problem->code = code;
	problem->detail = detail;
	return false;
}

/* Frees what was set; the method belongs to the caller. */
void
gw_request_free(GwRequest *request)
{
	free(request->authority);
	free(request->path);
	free(request->query);
	free(request->body);
	free(request->context);
}

/* Of what comes before the authority of an absolute target; 0 where it is none. */
static size_t
scheme_length(const char *target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (int i = 0; i < 2; i++)
	{
		if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	}
	return 0;
}

/* The value of a hexadecimal digit, or -1. */
static int
read_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Decodes length bytes of text into out (length + 1 bytes), adding a NUL. In a query "+"
 * is a space; in a path control characters and an encoded slash are errors.
 */
static bool
decode_percent(const char *text, size_t length, bool query, char *out, size_t *out_length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++)
	{
		int c = (unsigned char) text[i];

		if (c == '%')
		{
			int high = length - i > 2 ? read_hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? read_hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
			if (c == '\0' || (c == '/' && !query))
				return false;
		}
		else if (c == '+' && query)
			c = ' ';
		if (!query && (c < ' ' || c == 127))
			return false;
		out[used++] = (char) c;
	}
	out[used] = '\0';
	*out_length = used;
	return true;
}

/* Decodes one name=value piece of a query string and adds it; without "=" the value is empty. */
static bool
add_parameter(json_t *query, const char *piece, size_t length, GwProblem *problem)
{
	const char *equals = memchr(piece, '=', length);
	size_t name_length = equals != NULL ? (size_t) (equals - piece) : length;
	char *name = malloc(length + 2);
	char *value;
	size_t value_length = 0;
	bool good;

	if (name == NULL)
		return gw_request_refuse(problem, "internal_error", "Out of memory.");
	value = name + name_length + 1;
	*value = '\0';
	good = decode_percent(piece, name_length, true, name, &name_length) &&
		   (equals == NULL ||
			decode_percent(equals + 1, (size_t) (piece + length - equals - 1), true,
						   value, &value_length));
	if (!good)
		gw_request_refuse(problem, "malformed_request",
						  "The query string holds a wrong percent-encoding or a NUL byte.");
	else
		good = set_parameter(query, name, name_length, value, value_length, problem);
	free(name);
	return good;
}

/* Sets a decoded parameter; each may be given once, and within the limits. */
static bool
set_parameter(json_t *query, const char *name, size_t name_length, const char *value,
			  size_t value_length, GwProblem *problem)
{
	json_t *text = json_stringn(value, value_length);

	if (json_object_get(query, name) != NULL)
	{
		json_decref(text);
		return gw_request_refuse(problem, "malformed_request",
								 "A parameter of the query string is given twice.");
	}
	if (json_object_size(query) >= MAX_PARAMETERS || name_length > MAX_STRING ||
		value_length > MAX_STRING)
	{
		json_decref(text);
		return gw_request_refuse(
			problem, "malformed_request",
			"The query string has more than 64 parameters or one longer than "
			"1024 bytes.");
	}
	if (text == NULL || json_object_set_new(query, name, text) != 0)
		return gw_request_refuse(problem, "malformed_request",
								 "The query string is not valid UTF-8.");
	return true;
}

/*
 * Counts open brackets outside strings. This comes before the parser because that one
 * recurses: civetweb's threads have 100 KiB of stack, the parser's own limit is 2048 levels.
 */
static bool
is_nested_deeply(const char *text, size_t length)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++)
	{
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{') && ++depth > MAX_DEPTH)
			return true;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return false;
}

/* Returns the first limit that value breaks, or NULL. */
static const char *
find_value_fault(const json_t *value)
{
	const char *fault = NULL;

	if (json_is_string(value) && json_string_length(value) > MAX_STRING)
		return "The body holds a string longer than 1024 bytes.";
	if (json_is_object(value))
		return find_object_fault(value);
	if (json_array_size(value) > MAX_ELEMENTS)
		return "The body holds an array of more than 64 elements.";
	for (size_t i = 0; i < json_array_size(value) && fault == NULL; i++)
		fault = find_value_fault(json_array_get(value, i));
	return fault;
}

/* The same for the names and values of an object. */
static const char *
find_object_fault(const json_t *object)
{
	const char *key;
	json_t *member;
	const char *fault = NULL;

	if (json_object_size(object) > MAX_ELEMENTS)
		return "The body holds an object of more than 64 members.";
	json_object_foreach ((json_t *) object, key, member)
	{
		fault = strlen(key) > MAX_STRING ? "The body holds a name longer than 1024 bytes."
										 : find_value_fault(member);
		if (fault != NULL)
			break;
	}
	return fault;
}
