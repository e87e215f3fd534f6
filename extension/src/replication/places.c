/*
 * places.c
 *		What an operator has to see to in time: the space left where the server writes, and the end of its certificate.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#ifdef USE_OPENSSL
#include <openssl/pem.h>
#include <openssl/x509.h>
#endif

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/result.h"
#include "base/settings.h"

static void add_place(FunctionCallInfo fcinfo, const char *place, const char *directory);
static bool read_end(const char *file, TimestampTz *end);

PG_FUNCTION_INFO_V1(booking_disk_space);
PG_FUNCTION_INFO_V1(booking_certificate_expires_at);

/* booking.disk_space(): the file systems that this server writes to. */
Datum
booking_disk_space(PG_FUNCTION_ARGS)
{
	bk_result_begin(fcinfo);
	add_place(fcinfo, "data", DataDir);
	if (XLogArchivingActive())
		add_place(fcinfo, "archive",
				  GetConfigOption("basic_archive.archive_directory", true, false));
	add_place(fcinfo, "backup", bk_backup_directory);
	return (Datum) 0;
}

/* A place that this server has not is left out; one that it cannot look at has no numbers. */
static void
add_place(FunctionCallInfo fcinfo, const char *place, const char *directory)
{
	struct statvfs space;
	bool known;
	Datum values[3] = {CStringGetTextDatum(place)};
	bool nulls[3] = {false};

	if (directory == NULL || directory[0] == '\0')
		return;
	known = statvfs(directory, &space) == 0;
	if (known)
	{
		values[1] = Int64GetDatum((int64) space.f_blocks * space.f_frsize);
		values[2] = Int64GetDatum((int64) space.f_bavail * space.f_frsize);
	}
	nulls[1] = nulls[2] = !known;
	bk_result_add(fcinfo, values, nulls);
}

/* booking.certificate_expires_at(): of the file that ssl_cert_file names, as it is now. */
Datum
booking_certificate_expires_at(PG_FUNCTION_ARGS)
{
	TimestampTz end;

	if (strcmp(GetConfigOption("ssl", false, false), "on") != 0 ||
		!read_end(GetConfigOption("ssl_cert_file", false, false), &end))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(end);
}

/* False where the file holds no certificate that can be read. */
static bool
read_end(const char *file, TimestampTz *end)
{
#ifdef USE_OPENSSL
	FILE *stream = AllocateFile(file, "r");
	X509 *certificate = NULL;
	struct tm moment;
	bool found;

	if (stream == NULL)
		return false;
	certificate = PEM_read_X509(stream, NULL, NULL, NULL);
	FreeFile(stream);
	found = certificate != NULL &&
			ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &moment) == 1;
	X509_free(certificate);
	if (found)
		*end = time_t_to_timestamptz((pg_time_t) timegm(&moment));
	return found;
#else
	return false;
#endif
}
