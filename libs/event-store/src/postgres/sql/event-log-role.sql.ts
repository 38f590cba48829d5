/**
 * The group role that every connection of the application acts as. Roles belong to the whole cluster: another
 * database's migration may create or grant it at the same moment, hence the two exceptions. The migrating user
 * becomes a member, so that the same user can run the application. (PostgreSQL 16 or newer: being a member and
 * being allowed to act as the role are two things there.)
 */
export const eventLogRoleSql = /* sql */ `
do $$
begin
  if not exists (select from pg_roles where rolname = 'event_log_app') then
    create role event_log_app nologin;
  end if;
exception when duplicate_object or unique_violation then
  null;
end
$$;

do $$
begin
  if not pg_has_role(current_user, 'event_log_app', 'SET') then
    execute format('grant event_log_app to %I', current_user);
  end if;
end
$$;
`;
