-- A database for each service, which only its own user may enter. Run once, when the PostgreSQL of docker-compose.yml is made.
\set ON_ERROR_STOP on
\getenv password SERVICE_PASSWORD

SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', name, :'password')
FROM unnest(ARRAY['order', 'inventory', 'payment', 'shipping', 'dead_letters']) AS name
\gexec

SELECT format('CREATE DATABASE %I OWNER %I', name, name)
FROM unnest(ARRAY['order', 'inventory', 'payment', 'shipping', 'dead_letters']) AS name
\gexec

SELECT format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', name)
FROM unnest(ARRAY['order', 'inventory', 'payment', 'shipping', 'dead_letters']) AS name
\gexec
