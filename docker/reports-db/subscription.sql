-- The subscription of the reports database, to the slot that is there: :primary_conninfo names the primary, :copy_data
-- says whether the tables are to be filled.
CREATE SUBSCRIPTION reports_subscription CONNECTION :'primary_conninfo' PUBLICATION reports_publication
    WITH (create_slot = false, slot_name = 'reports_slot', copy_data = :copy_data, streaming = on);
