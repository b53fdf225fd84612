-- Runs as the owner of the tables, because the writing role may not create any. The search path is fixed, so that the function uses no
-- object of the caller's.
ALTER FUNCTION "ensure_partitions"(timestamptz, integer) SECURITY DEFINER SET search_path = public, pg_temp;--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION "ensure_partitions"(timestamptz, integer) FROM PUBLIC;
