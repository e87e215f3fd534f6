-- Run on the primary before a subscription is made: what an earlier one left behind, its slots for the first copy included,
-- must not hold WAL. A slot in use is another reports database's, and an error.
SELECT pg_drop_replication_slot(slot_name)
  FROM pg_replication_slots
 WHERE database = current_database()
   AND (slot_name = 'reports_slot' OR slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$');
