-- The subscription of the reports database, to the slot that is there: :primary_conninfo names the primary, :copy_data
-- says whether the tables are to be filled. From PostgreSQL 17 on the slot may be kept on the standby
-- (sync_replication_slots), and both must say so.
SELECT CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ', failover = true' ELSE '' END AS failover \gset
CREATE SUBSCRIPTION reports_subscription CONNECTION :'primary_conninfo' PUBLICATION reports_publication
    WITH (create_slot = false, slot_name = 'reports_slot', copy_data = :copy_data, streaming = on :failover);
