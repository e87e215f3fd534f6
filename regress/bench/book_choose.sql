-- Before each way to book: the next two seats of this client, A and B of one row of a flight that no other client books.
\set n :n + 1
\set flight 1 + :client_id + :clients * (:n / 26)
\set row 5 + :n % 26
\set customer 1 + :client_id + :clients * (:n % (10000 / :clients))
\set number :client_id + :clients * :n
